console.log('budget')
